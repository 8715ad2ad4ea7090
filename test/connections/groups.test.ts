import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { isFromAllowed } from '../../src/connections/from-domains.ts'
import { problemsOf } from './problems-of.ts'

const RELAYS = { a: 'smtp://a.example.com', b: 'smtp://b.example.com', c: 'smtp://c.example.com' }

const of = (groups: Readonly<Record<string, unknown>>) =>
  parseConfig({ connections: RELAYS, groups })

describe('a group of connection managers', () => {
  test('is a name beside those of its members, and in one way with them', () => {
    const { connections } = of({ out: { strategy: 'failover', members: ['b', 'a'], after: '30s' } })
    expect(connections.names()).toEqual(['a', 'b', 'c', 'out'])
    expect(connections.has('out')).toBe(true)
    expect(connections.members('out').map(({ name }) => name)).toEqual(['b', 'a'])
    expect(connections.group('out')).toMatchObject({ strategy: 'failover', afterMs: 30_000 })
    expect(connections.members('c').map(({ name }) => name)).toEqual(['c'])
    expect(() => connections.get('out')).toThrow('"out" is a group: name one of')
    expect(() => connections.group('oute')).toThrow('did you mean "out"?')
  })

  test.for<[text: string, group: Readonly<Record<string, unknown>>]>([
    ['failover:a,b', { strategy: 'failover', afterMs: 0, members: weights({ a: 1, b: 1 }) }],
    ['failover: b , a ?after=1m30s', { afterMs: 90_000, members: weights({ b: 1, a: 1 }) }],
    ['WEIGHTED:a=3,b=1', { strategy: 'weighted', members: weights({ a: 3, b: 1 }) }],
    ['failover:%61?description=both%20racks', { description: 'both racks' }],
  ])('may be written as %s', ([text, group]) => {
    expect(of({ out: text }).connections.group('out')).toMatchObject(group)
  })

  test('tells all its problems at once, each with its path', () => {
    const problems = problemsOf(() =>
      of({
        a: { strategy: 'failover', members: ['b'] },
        typo: { strategy: 'failover', members: ['aa', 'b', 'b'] },
        none: { strategy: 'weighted', members: {} },
        outer: { strategy: 'failover', members: ['a', 'inner'] },
        inner: { strategy: 'weighted', members: { outer: 1, b: 0 } },
        ring: { strategy: 'weighted', members: { loop: 1 } },
        loop: 'failover:ring',
        over: { strategy: 'failover', members: ['loop'] },
        self: 'failover:self',
        odd: { strategy: 'random', members: ['a'] },
        text: 'failover:a,,b',
        key: { strategy: 'failover', members: ['a'], afterr: 1 },
        number: 3,
      }),
    )
    expect(problems.map(({ path, code }) => `${path.join(' / ')}: ${code}`).toSorted()).toEqual([
      'groups / a: NAME_CLASH',
      'groups / inner / members / b: INVALID_VALUE',
      'groups / key / afterr: UNKNOWN_PROPERTY',
      'groups / loop / members / 0: GROUP_CYCLE',
      'groups / none / members: EMPTY_GROUP',
      'groups / number: INVALID_VALUE',
      'groups / odd / strategy: INVALID_VALUE',
      'groups / outer / members / 1: NESTED_GROUP',
      'groups / over / members / 0: NESTED_GROUP',
      'groups / ring / members / loop: GROUP_CYCLE',
      'groups / self / members / 0: GROUP_CYCLE',
      'groups / text: INVALID_GROUP_STRING',
      'groups / typo / members / 0: UNKNOWN_CONNECTION',
      'groups / typo / members / 2: DUPLICATE_MEMBER',
    ])
    const cycle = problems.find(({ path }) => path[1] === 'ring')
    expect(cycle?.message).toBe('the group leads back to itself: "ring" → "loop" → "ring"')
  })

  test.for<[group: unknown, path: string, message: string]>([
    ['weighted:a=1000000000,b=1', 'members / a', 'expected number to be <=1000, got 1000000000'],
    ['weighted:a=0', 'members / a', 'expected number to be >=1, got 0'],
    ['weighted:a=-1', 'members / a', 'expected number to be >=1, got -1'],
    ['weighted:a=0.5', 'members / a', 'expected int, got number'],
    ['weighted:a=3?after=30s', 'after', 'there is no such property'],
    [
      { strategy: 'weighted', members: ['a', 'b'] },
      'members',
      'expected weights by name, such as { "big": 3, "small": 1 }',
    ],
    [
      { strategy: 'failover', members: { a: 3 } },
      'members',
      'expected a list of names, such as ["first", "second"]',
    ],
    ['failover:a,b?after=25d', 'after', 'expected a duration of 24d at most'],
  ])('is not %j: %s: %s', ([group, path, message]) => {
    const [problem, ...others] = problemsOf(() => of({ out: group }))
    expect(problem?.path.slice(2).join(' / ')).toBe(path)
    expect(problem?.message).toBe(message)
    expect(others).toEqual([])
  })

  test('is what a variable says, which names no connection manager by mistake', () => {
    const env = {
      MAILROOM_CONNECTION_OUT: 'weighted:a=2,b=1',
      MAILROOM_CONNECTION_NEW: 'failover:c',
    }
    const { connections } = parseConfig(
      { connections: RELAYS, groups: { out: 'failover:a,b' }, worker: { connections: ['new'] } },
      { env },
    )
    expect(connections.groups()).toMatchObject([
      { name: 'out', strategy: 'weighted', origin: { kind: 'variable' } },
      { name: 'new', strategy: 'failover' },
    ])
    const clash = {
      MAILROOM_CONNECTION_A: 'failover:b',
      MAILROOM_CONNECTION_OUT: 'smtp://elsewhere',
    }
    const problems = problemsOf(() =>
      parseConfig({ connections: RELAYS, groups: { out: 'failover:a' } }, { env: clash }),
    )
    expect(problems.map(({ path, code }) => `${path.join(' / ')}: ${code}`)).toEqual([
      'groups / out: NAME_CLASH',
      'MAILROOM_CONNECTION_A: NAME_CLASH',
    ])
  })

  test('differs between environments, property by property', () => {
    const config = {
      connections: RELAYS,
      groups: { out: 'failover:a,b?after=1m', bulk: 'weighted:a=3,b=1', old: 'failover:a' },
      environments: {
        staging: {
          groups: { out: { members: ['b'] }, bulk: { members: { b: null, c: 2 } }, old: null },
        },
        broken: { connections: { b: null }, groups: { outt: 'failover:a' } },
      },
    }
    const problems = problemsOf(() => parseConfig(config))
    expect(problems.map(({ path, code }) => `${path.join(' / ')}: ${code}`).toSorted()).toEqual([
      'environments / broken / groups / bulk / members / b: UNKNOWN_CONNECTION',
      'environments / broken / groups / out / members / 1: UNKNOWN_CONNECTION',
      'environments / broken / groups / outt: UNKNOWN_CONNECTION',
    ])
    const { broken: _broken, ...environments } = config.environments
    const { connections } = parseConfig({ ...config, environments }, { environment: 'staging' })
    expect(connections.groups()).toMatchObject([
      { name: 'out', afterMs: 60_000, members: weights({ b: 1 }) },
      { name: 'bulk', members: weights({ a: 3, c: 2 }) },
    ])
  })

  test('of a collection keeps its members from being removed', () => {
    const { connections } = createConnections(RELAYS, {
      out: { strategy: 'failover', members: ['a'] },
    })
    connections.addGroup('bulk', 'weighted:b=1,c=1')
    expect(() => connections.remove('b')).toThrow('"b" is a member of the group "bulk"')
    expect(() => connections.addGroup('out', 'failover:a')).toThrow('is already called "out"')
    expect(problemsOf(() => connections.addGroup('bad', 'failover:d'))).toMatchObject([
      { path: ['groups', 'bad', 'members', 0], code: 'UNKNOWN_CONNECTION' },
    ])
    expect(connections.remove('bulk')).toBe(true)
    expect(connections.remove('b')).toBe(true)
    expect(connections.names()).toEqual(['a', 'c', 'out'])
  })
})

test.for<[domains: readonly string[], address: string, isAllowed: boolean]>([
  [['example.com'], 'ann@example.com', true],
  [['example.com'], 'ann@EXAMPLE.com', true],
  [['example.com'], 'ann@mail.example.com', false],
  [['*.example.com'], 'ann@mail.example.com', true],
  [['*.example.com'], 'ann@badexample.com', false],
  [['bücher.example'], 'ann@xn--bcher-kva.example', true],
  [['xn--bcher-kva.example'], 'ann@bücher.example', true],
  [['example.com.'], 'ann@example.com', true],
  [['*.bücher.example'], 'ann@mail.BÜCHER.example', true],
  [['*.bücher.example'], 'ann@bücher.example', false],
  [['example.com'], '', true],
])('from domains %j let %j pass: %j', ([fromDomains, address, isAllowed]) => {
  const { connections } = createConnections({ a: { server: 'a', fromDomains } })
  expect(isFromAllowed(connections.get('a').fromDomains, address)).toBe(isAllowed)
})

function weights(members: Readonly<Record<string, number>>) {
  return Object.entries(members).map(([name, weight]) => ({ name, weight }))
}
