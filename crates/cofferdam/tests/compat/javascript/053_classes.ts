// TypeScript: parameter properties, access modifiers, abstract classes, implements, index signatures, static blocks, override, accessors.
interface Shape { area(): number }
abstract class Base implements Shape {
  static made = 0;
  protected readonly id: number;
  declare ghost: string;
  constructor(public name: string, private secret = "s", readonly scale: number = 1) {
    this.id = ++Base.made;
  }
  abstract area(): number;
  describe(): string {
    return `${this.id} ${this.name} ${this.area().toFixed(2)} ${this.secret}`;
  }
}
class Circle extends Base {
  #radius: number;
  label?: string;
  count!: number;
  constructor(radius: number) {
    super("circle");
    this.#radius = radius;
  }
  override area(): number {
    return Math.PI * this.#radius ** 2 * this.scale;
  }
  get diameter(): number {
    return this.#radius * 2;
  }
  set diameter(value: number) {
    this.#radius = value / 2;
  }
}
const circle: Shape & Circle = new Circle(2);
circle.diameter = 2;
console.log(circle.describe(), circle.diameter, circle instanceof Base, "ghost" in circle, Object.keys(circle).sort());
class Singleton {
  private static instance?: Singleton;
  private constructor() {}
  static get(): Singleton {
    return (this.instance ??= new Singleton());
  }
}
console.log(Singleton.get() === Singleton.get(), typeof Base);
