// The built-ins that reporting rests on, taken before any program can replace them. A program that breaks its own globals still
// gets an outcome, and so does the next one in its session. Only the reporting path keeps to these; the rest is a program's own.

export const { parse: jsonParse, stringify: jsonStringify } = JSON;
export const { apply, ownKeys } = Reflect;
export const { create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, freeze } = Object;
export const { isArray } = Array;
export const PromiseThen = Promise.prototype.then;
export const hasOwn = Object.hasOwn;

const { call, bind } = Function.prototype;
const uncurry = bind.bind(call);

export const stringSplit = uncurry(String.prototype.split);
export const stringSlice = uncurry(String.prototype.slice);
export const stringIncludes = uncurry(String.prototype.includes);
export const stringStartsWith = uncurry(String.prototype.startsWith);
export const stringEndsWith = uncurry(String.prototype.endsWith);
export const stringWellFormed = uncurry(String.prototype.toWellFormed);
export const stringReplace = uncurry(String.prototype.replace);
export const stringRepeat = uncurry(String.prototype.repeat);
export const arrayJoin = uncurry(Array.prototype.join);
export const arrayPush = uncurry(Array.prototype.push);
export const arraySlice = uncurry(Array.prototype.slice);
export const regexpExec = uncurry(RegExp.prototype.exec);
export const objectToString = uncurry(Object.prototype.toString);
export const dateToISO = uncurry(Date.prototype.toISOString);
export const dateTime = uncurry(Date.prototype.getTime);

/** A promise's `then`, whatever the program made of `Promise.prototype`. */
export const then = (promise, onValue, onError) => apply(PromiseThen, promise, [onValue, onError]);
