//! What the programs' command lines say.

