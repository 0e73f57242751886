# xml.etree, minidom, html.
import html
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from xml.dom import minidom

root = ET.fromstring('<shop xmlns:x="urn:x"><item id="1" x:k="v">Tea &amp; milk</item><item id="2"><sub/>tail</item></shop>')
print(root.tag, [i.get("id") for i in root.iter("item")], root[0].text, root[0].attrib)
print(root.find("item[@id='2']/sub").tail, root.findtext("missing", "none"), len(root.findall(".//sub")))
new = ET.SubElement(root, "item", id="3")
new.text = "<ä>"
ET.indent(root)
print(ET.tostring(root, encoding="unicode"))
print(ET.tostring(new, encoding="utf-8"))
print(minidom.parseString("<a><b>1</b></a>").documentElement.toprettyxml(indent=" "))
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    print(error, error.position)
print(html.escape('<a href="x">&</a>'), html.unescape("&lt;&eacute;&#8364;&amp;"))


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs).get("href"))

    def handle_data(self, data):
        if data.strip():
            self.found.append(data.strip())


parser = Links()
parser.feed('<p>See <a href="/one">one</a> &amp; <a href="/two">two</a><br></p>')
print(parser.found)
