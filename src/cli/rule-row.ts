import { formatDuration } from '../duration.ts'
import type { CatalogRule } from '../smtp/rules/catalog.ts'
import type { Row } from './table.ts'

/** One rule as a row: of the answers only what differs from those of its class. */
export function ruleRow(rule: CatalogRule): Row {
  const { id, when, class: kind, scope, message, manager, minDelayMs, alert, suppress } = rule
  return {
    rule: id,
    when,
    class: kind,
    scope: scope ?? 'by stage',
    message: message ?? 'by class',
    manager: manager ?? 'by class',
    delay: minDelayMs === undefined ? undefined : formatDuration(minDelayMs),
    alert: alert === true,
    suppress: suppress === true,
    source: rule.source,
  }
}
