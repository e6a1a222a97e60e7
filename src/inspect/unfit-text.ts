/**
 * What was typed for a key or a value, and is none.
 */

/** A key or a value that cannot be written as its topic or its store wants it. */
export class UnfitText extends Error {}
