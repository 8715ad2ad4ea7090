import { docker } from './compose.ts'

/** What a container may do, as it shows from inside and from the engine. */
export interface Confinement {
  readonly user: string
  /** What the shell said to writing beside the temporary folder. */
  readonly touch: string
  /** Whether the temporary folder can be written to. */
  readonly writesTmp: boolean
  /** The capabilities of its first process, as a hexadecimal mask. */
  readonly capabilities: string
  readonly noNewPrivileges: boolean
  /** The addresses of the host that its ports are published on. */
  readonly publishedOn: readonly string[]
}

/** Looks at a running container. */
export async function confinementOf(container: string): Promise<Confinement> {
  const inside = (script: string): Promise<string> => docker('exec', container, 'sh', '-c', script)
  const status = await inside('cat /proc/1/status')
  const ports: unknown = JSON.parse(
    await docker('inspect', '--format', '{{json .NetworkSettings.Ports}}', container),
  )
  return {
    user: await inside('id -u'),
    touch: await inside('touch /x 2>&1 || true'),
    writesTmp: (await inside('touch /tmp/x 2>/dev/null && echo yes || true')) === 'yes',
    capabilities: /^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? '',
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(status),
    publishedOn: [...JSON.stringify(ports).matchAll(/"HostIp":"([^"]*)"/g)].map(
      ([, address = '']) => address,
    ),
  }
}

/** The packages at the top of `node_modules` in an image, and the programs that it must not have. */
export async function contentsOf(
  image: string,
): Promise<{ readonly packages: readonly string[]; readonly tools: string; readonly mb: number }> {
  const inside = (script: string): Promise<string> =>
    docker('run', '--rm', '--entrypoint', 'sh', image, '-c', script)
  const listed = await inside('cd /app/node_modules && ls -d * @*/*')
  const bytes = Number(await docker('inspect', '--format', '{{.Size}}', image))
  return {
    packages: listed.split('\n').filter((name) => !name.startsWith('@') || name.includes('/')),
    tools: await inside('command -v npm npx yarn curl wget gcc || true'),
    mb: Math.round(bytes / 1e6),
  }
}
