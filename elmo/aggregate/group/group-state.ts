/**
 * The groups of a `$group`: keys in a hash table of bytes, first-seen values of the keys, and one state per accumulator.
 */
