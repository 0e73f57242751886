# email, mimetypes, quopri: parsing and building messages.
import email
import email.policy
import mimetypes
from email.message import EmailMessage
from email.utils import formataddr, parseaddr, parsedate_to_datetime

raw = """From: "Ann B." <ann@example.com>
To: bo@example.org, cy@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Wed, 12 Mar 2025 14:05:09 +0100
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

Sch=C3=B6n =
gesagt.
"""
message = email.message_from_string(raw, policy=email.policy.default)
print(message["subject"], message["to"], message.get_content().strip(), message.get_content_type(), [a.username for a in message["to"].addresses])
print(parsedate_to_datetime(message["date"]).isoformat(), parseaddr(message["from"]), formataddr(("Zoë", "z@example.com")))
new = EmailMessage()
new["From"], new["To"], new["Subject"] = "a@example.com", "b@example.com", "Report ✓"
new.set_content("See attachment.")
new.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="data.csv")
print([part.get_content_type() for part in new.walk()], [part.get_filename() for part in new.iter_attachments()])
print(new.get_body().get_content(), "Subject: =?utf-8?" in new.as_string(), mimetypes.guess_type("x.json"), mimetypes.guess_type("a.tar.gz"))
