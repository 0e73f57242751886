// URL and URLSearchParams.
const url = new URL("https://user:pw@Example.com:8443/a/../b c?x=1&y=two%20words&x=3#frag");
console.log(url.href, url.origin, url.host, url.hostname, url.port, url.pathname, url.search, url.hash, url.username, url.protocol);
console.log(url.searchParams.get("y"), url.searchParams.getAll("x"), url.searchParams.has("z"), [...url.searchParams].length);
url.searchParams.append("q", "a&b=c ü");
url.searchParams.delete("x");
url.pathname = "/new path";
url.hash = "";
url.port = "443";
console.log(url.toString(), JSON.stringify({ url }));
console.log(new URL("../c?d", "http://h/a/b/").href, new URL("//other/x", "https://h").href, new URL("http://h").pathname, new URL("file:///a/b").pathname, URL.canParse("nope"), URL.canParse("/x", "http://h"));
const params = new URLSearchParams({ a: "1", b: "x y" });
params.set("a", "2");
params.append("c", "é");
params.sort();
console.log(params.toString(), [...params.keys()], Object.fromEntries(params), new URLSearchParams("?k=v&k=w&empty&=x").getAll("k"), params.size);
console.log(encodeURIComponent("a b&ü/"), decodeURIComponent("%C3%BC"), encodeURI("http://h/a b?c=ü"), escape("ü"), unescape("%FC"));
try {
  new URL("not a url");
} catch (error) {
  console.log(error.name, error.code);
}
try {
  decodeURIComponent("%");
} catch (error) {
  console.log(error.name);
}
