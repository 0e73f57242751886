export function warm() {}
