// localeCompare, Intl.Collator and upper case for the plain Latin cases programs rely on.
console.log(["b", "a", "C", "A", "c", "B"].sort((x, y) => x.localeCompare(y)), ["ä", "a", "z"].sort((x, y) => x.localeCompare(y)));
console.log("a".localeCompare("A") < 0, "a".localeCompare("b", "en"), ["item 10", "item 9", "item 1"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })));
console.log("a".localeCompare("A", undefined, { sensitivity: "base" }), "résumé".localeCompare("resume", "en", { sensitivity: "base" }));
console.log(["x10", "x9"].sort(new Intl.Collator("en", { numeric: true }).compare), "i".toLocaleUpperCase("en-US"), "I".toLocaleLowerCase());
