//! The smallest binary whose workers can be used: the tests of this crate exec it.

fn main() {
    sandbox::worker_main();
}
