// TypeScript: namespaces with exports, nesting, merging, and declarations that leave nothing behind.
namespace Geometry {
  export const PI2 = Math.PI * 2;
  export interface Point { x: number; y: number }
  let calls = 0;
  export function distance(a: Point, b: Point): number {
    calls++;
    return Math.hypot(a.x - b.x, a.y - b.y);
  }
  export namespace Stats {
    export const count = () => calls;
  }
}
namespace Geometry {
  export const origin: Point = { x: 0, y: 0 };
}
declare const notThere: string;
declare function external(x: number): void;
type Unused = typeof notThere;
console.log(Geometry.distance(Geometry.origin, { x: 3, y: 4 }), Geometry.Stats.count(), Geometry.PI2.toFixed(4), Object.keys(Geometry));
