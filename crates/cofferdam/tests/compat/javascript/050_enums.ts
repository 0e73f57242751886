// TypeScript: numeric, string, computed and const enums, reverse mapping, enums as flags and keys.
enum Level { Low, Mid = 5, High, Top = High * 2, Len = "abc".length }
enum Color { Red = "RED", Green = "GREEN" }
const enum Size { Small = 1, Large = Small << 3 }
enum Access { None = 0, Read = 1 << 0, Write = 1 << 1, All = Read | Write }
enum Mixed { No = 0, Yes = "yes" }

console.log(Level.Low, Level.Mid, Level.High, Level.Top, Level.Len, Level[6], Level["Low"], Object.keys(Level));
console.log(Color.Red, Object.values(Color), Size.Small, Size.Large, Mixed.Yes, Mixed[0]);
const access: Access = Access.Read | Access.Write;
console.log(access === Access.All, (access & Access.Write) !== 0, Access[access]);
const label: Record<Color, string> = { [Color.Red]: "stop", [Color.Green]: "go" };
const parse = (text: string): Color | undefined => Object.values(Color).find((c) => c === text);
console.log(label[Color.Green], parse("RED"), parse("BLUE"), Object.entries(Color));
function name(level: Level): string {
  switch (level) {
    case Level.Low:
      return "low";
    case Level.Mid:
    case Level.High:
      return "middle";
    default:
      return `other ${Level[level] ?? level}`;
  }
}
console.log([Level.Low, Level.High, Level.Top].map(name));
