import { nearest } from '../../connections/nearest.ts'
import { InvalidTemplateError } from './errors.ts'

/** A text with places for a recipient's fields. */
export interface Template {
  /** The columns that it uses, each once. */
  readonly fields: readonly string[]
  render(valueOf: (field: string) => string): string
}

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Reads a text in which `{{name}}` stands for a column's value; nothing else has a meaning.
 *
 * `what` names the text in errors. Throws `InvalidTemplateError` for a place that no column fills.
 */
export function parseTemplate(
  what: string,
  text: string,
  columns: readonly string[],
  escape: (value: string) => string = (value) => value,
): Template {
  const fields = new Set<string>()
  for (const { 1: field = '', index } of text.matchAll(PLACE)) {
    if (!columns.includes(field)) {
      const hint = nearest(field, columns)
      const { line, column } = placeIn(text, index)
      throw new InvalidTemplateError(what, field, line, column, hint)
    }
    fields.add(field)
  }
  return {
    fields: [...fields],
    render: (valueOf) => text.replace(PLACE, (_, field: string) => escape(valueOf(field))),
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A value as text of an HTML page, also within an attribute's quotes. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}

function placeIn(text: string, index: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, index).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}
