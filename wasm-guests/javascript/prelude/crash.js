// The way for an exception that no promise carries (a timer's callback, a listener) to end the program. Apart from program.js so that
// nothing that programs use depends on how they are run.

let end;

/** Ends the program with this error. */
export const crash = (error) => end(error);

export function onCrash(callback) {
  end = callback;
}
