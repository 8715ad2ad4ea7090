/**
 * The version of the tables of this folder: raised with every change of what some reply means, so
 * that a verdict from before can be told from one of today. A test holds it against the tables.
 */
export const RULES_VERSION = 4
