import type { GroupSummary } from '../connections/connections.ts'
import type { ManagerGroup } from '../connections/manager-group.ts'
import { formatDuration } from '../duration.ts'
import { describeOrigin, type ShownProperty } from './connection-properties.ts'

/** The strategy and the members of a group, such as `weighted: big=3, small=1`. */
export function describeMembers({
  strategy,
  members,
}: Pick<ManagerGroup, 'strategy' | 'members'>): string {
  const each = members.map(({ name, weight }) =>
    strategy === 'weighted' ? `${name}=${weight}` : name,
  )
  return `${strategy}: ${each.join(', ')}`
}

/** Every property of a group, with its default marked; files are relative to `cwd`. */
export function groupPropertiesOf(group: GroupSummary, cwd: string): readonly ShownProperty[] {
  const { strategy, members, afterMs, description, origin } = group
  const shown = (property: string, value: string | number, isDefault = false): ShownProperty => ({
    property,
    value,
    default: isDefault,
    origin: isDefault ? undefined : describeOrigin(origin, cwd, property),
  })
  return [
    shown('strategy', strategy),
    ...members.map(({ name, weight }, index) =>
      strategy === 'weighted'
        ? shown(`members.${name}`, weight)
        : shown(`members.${index + 1}`, name),
    ),
    ...(strategy === 'failover' ? [shown('after', formatDuration(afterMs), afterMs === 0)] : []),
    shown('description', description, description === ''),
  ]
}
