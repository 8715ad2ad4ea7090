/** The version of the tables of this folder: raised with every change of what some reply means. */
export const RULES_VERSION = 1
