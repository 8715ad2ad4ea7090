import { isCollection, parseDocument, visit } from 'yaml'
import type { Document } from 'yaml'

import { faultAt } from './text-fault.ts'
import type { ParsedText } from './text-fault.ts'

/** How often aliases may be followed: more is a bomb. */
const MAX_ALIASES = 100

/** The tags of YAML's core schema; others would make values that are no configuration. */
const CORE_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/

/** The parser's sentences quote the file. */
const PROBLEMS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is there already',
  NON_STRING_KEY: 'expected a text as key',
  TAG_RESOLVE_FAILED: 'expected no tag of its own',
  TAB_AS_INDENT: 'expected spaces and no tab',
  MULTIPLE_DOCS: 'expected one document',
  BAD_INDENT: 'its indentation is wrong',
}

/** Parses YAML 1.2, core schema: one document, each key once, no tags of its own, few aliases. */
export function parseYamlText(text: string): ParsedText {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    prettyErrors: false,
    // Otherwise a second document would be passed over.
    logLevel: 'error',
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) {
    return faulty(text, problem.pos[0], PROBLEMS[problem.code] ?? 'its syntax is wrong')
  }
  const tag = findTag(document)
  if (tag !== undefined) return faulty(text, tag, 'expected no tag of its own')
  const circle = findCircle(document)
  if (circle !== undefined) return faulty(text, circle, 'an alias leads to what it stands in')
  try {
    return { kind: 'parsed', content: document.toJS({ maxAliasCount: MAX_ALIASES }) }
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    return faulty(text, findAlias(document), 'an alias leads nowhere, or to too much')
  }
}

function faulty(text: string, offset: number, problem: string): ParsedText {
  return { kind: 'faulty', fault: faultAt(text, offset, problem) }
}

function findTag(document: Document.Parsed): number | undefined {
  let found: number | undefined
  visit(document, {
    Node: (_, { tag, range }) => {
      if (tag === undefined || CORE_TAG.test(tag)) return undefined
      found = range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return found
}

/** The first alias inside of the node that it means: followed, it would have no end. */
function findCircle(document: Document.Parsed): number | undefined {
  let found: number | undefined
  visit(document, {
    Alias: (_, alias, path) => {
      const isNear = path.some((node) => isCollection(node) && node.anchor === alias.source)
      if (!isNear || !path.some((node) => node === alias.resolve(document))) return undefined
      found = alias.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return found
}

/** The first alias without an anchor, else the last one: what they lead to grows on the way. */
function findAlias(document: Document.Parsed): number {
  let found = 0
  visit(document, {
    Alias: (_, alias) => {
      found = alias.range?.[0] ?? found
      return alias.resolve(document) === undefined ? visit.BREAK : undefined
    },
  })
  return found
}
