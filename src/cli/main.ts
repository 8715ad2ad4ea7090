#!/usr/bin/env node
import { keepCompiled } from './compile-cache.ts'
import { readSurroundings } from './settings.ts'

const surroundings = readSurroundings()
keepCompiled(surroundings.env)

// What is kept counts for what is loaded after it was found.
const { runProcess } = await import('./process.ts')
await runProcess(surroundings)
