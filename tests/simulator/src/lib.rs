//! A whole fleet in one thread: the real core of hub and handhelds over stores in memory, with everything from outside made up from one seed.

pub mod fleet;
