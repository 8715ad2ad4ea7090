/** Loaded before a command: writes the packages that it has loaded into the file `PACKAGES_TO`. */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const packages = new Set<string>()
registerHooks({
  load: (url, context, next) => {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
    if (name !== undefined) packages.add(name)
    return next(url, context)
  },
})
process.on('exit', () => {
  const { PACKAGES_TO } = process.env
  if (PACKAGES_TO !== undefined) writeFileSync(PACKAGES_TO, JSON.stringify([...packages]))
})
