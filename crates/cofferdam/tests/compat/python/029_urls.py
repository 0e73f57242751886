# urllib.parse, html entities in queries, ipaddress.
import ipaddress
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, unquote, urlencode, urljoin, urlparse, urlsplit, urlunsplit

url = urlparse("https://user:pw@example.com:8443/a/b;p?x=1&y=two+words&x=3&z=#frag")
print(url, url.hostname, url.port, url.username)
print(parse_qs(url.query), parse_qsl(url.query, keep_blank_values=True))
print(urlencode({"q": "a b&c", "n": [1, 2], "é": "ü"}, doseq=True), quote("/a b/ü?"), quote_plus("a b"), unquote("%C3%BC%20x"))
for relative in ("c", "../c", "/c", "//h/c", "?q", "#f", "http://x/"):
    print(urljoin("http://example.com/a/b?k", relative))
print(urlunsplit(urlsplit("HTTP://Example.com/%7Ea?b#c")), urlsplit("mailto:a@b.c").path)
try:
    urlparse("http://[::1").hostname
except ValueError as error:
    print(error)
network = ipaddress.ip_network("10.1.0.0/22")
print(network.num_addresses, ipaddress.ip_address("10.1.3.9") in network, list(network.subnets(new_prefix=24))[1], network.broadcast_address)
print(ipaddress.ip_address("::ffff:1.2.3.4").ipv4_mapped, ipaddress.ip_address("2001:db8::1").exploded, ipaddress.ip_address("127.0.0.1").is_loopback)
