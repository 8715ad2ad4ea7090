import { execFile } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import type { MessageInput } from '../../src/job/message-input.ts'
import type { SendMail } from '../../src/job/send-mail.ts'
import { snapshotFiles } from '../../src/producer/attachments.ts'

type Attachments = NonNullable<MessageInput['attachments']>

test('a file is read when the message is enqueued, and is called by its name', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'reports', 'März.csv')
  await mkdir(join(folders.root, 'reports'))
  await writeFile(path, 'a;b')
  const mail = await snapshotAll(mailWith([{ path }, { path, filename: 'other.csv' }]), {
    roots: [folders.outside, folders.root],
    maxBytes: 6,
  })
  await rm(path)
  expect(createJob(mail, { now: new Date() }).job.message?.attachments).toEqual([
    { filename: 'März.csv', disposition: 'attachment', content: 'YTti' },
    { filename: 'other.csv', disposition: 'attachment', content: 'YTti' },
  ])
})

test('a message without attachments by path stays as it is', async () => {
  const mail = mailWith([{ content: 'x' }])
  expect(await snapshotAll(mail, { roots: [], maxBytes: 0 })).toBe(mail)
})

test.for([[undefined], [null], [{ message: null }], [{ message: { attachments: [null, 5] } }]])(
  'what is no message at all is left for the validation to tell (%j)',
  async ([input]) => {
    const options = { roots: [], maxBytes: 0 }
    expect(await Reflect.apply(snapshotAll, undefined, [input, options])).toBe(input)
  },
)

test('without roots nothing is read, and the error says how to allow it', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'a.txt')
  await writeFile(path, 'x')
  await expect(snapshot(path, [])).rejects.toMatchObject({
    code: 'ATTACHMENT_OUTSIDE_ROOTS',
    message: expect.stringContaining('attachments.roots'),
  })
})

test.for<[what: string, place: (folders: Folders) => Promise<string>]>([
  ['a file outside', async ({ outside }) => join(outside, 'secret.txt')],
  ['dots that lead outside', async ({ root }) => `${root}/../outside/secret.txt`],
  ['a missing file outside', async ({ outside }) => join(outside, 'missing.txt')],
  [
    'a folder whose name only begins as the root does',
    async ({ root }) => {
      await mkdir(`${root}-other`)
      await writeFile(`${root}-other/a.txt`, 'x')
      return `${root}-other/a.txt`
    },
  ],
  [
    'a link to a file outside',
    async ({ root, outside }) => {
      await symlink(join(outside, 'secret.txt'), join(root, 'link.txt'))
      return join(root, 'link.txt')
    },
  ],
  [
    'a file behind a linked folder',
    async ({ root, outside }) => {
      await symlink(outside, join(root, 'folder'))
      return join(root, 'folder', 'secret.txt')
    },
  ],
  [
    'a chain of links',
    async ({ root, outside }) => {
      await symlink(join(root, 'two'), join(root, 'one'))
      await symlink(join(outside, 'secret.txt'), join(root, 'two'))
      return join(root, 'one')
    },
  ],
])('%s is outside the roots', async ([, place]) => {
  await using folders = await makeFolders()
  const path = await place(folders)
  await expect(snapshot(path, [folders.root])).rejects.toMatchObject({
    code: 'ATTACHMENT_OUTSIDE_ROOTS',
    path,
  })
})

test('a link to a file inside, and a root that is a link, are followed', async () => {
  await using folders = await makeFolders()
  const { root, outside } = folders
  await writeFile(join(root, 'a.txt'), 'x')
  await symlink(join(root, 'a.txt'), join(root, 'link.txt'))
  await symlink(root, join(outside, 'root'))
  const mail = await snapshot(join(root, 'link.txt'), [join(outside, 'root')])
  expect(mail.message?.attachments).toMatchObject([{ filename: 'link.txt' }])
})

test.for<[what: string, place: (folders: Folders) => Promise<string>, problem: string]>([
  ['a file that is not there', async ({ root }) => join(root, 'missing.txt'), 'does not exist'],
  [
    'a file in a file',
    async ({ root }) => {
      await writeFile(join(root, 'a.txt'), 'x')
      return join(root, 'a.txt', 'b.txt')
    },
    'does not exist',
  ],
  [
    'a folder',
    async ({ root }) => {
      await mkdir(join(root, 'folder'))
      return join(root, 'folder')
    },
    'is no file',
  ],
  [
    'a pipe',
    async ({ root }) => {
      await promisify(execFile)('mkfifo', [join(root, 'pipe')])
      return join(root, 'pipe')
    },
    'is no file',
  ],
  [
    'a link in a circle',
    async ({ root }) => {
      await symlink(join(root, 'circle'), join(root, 'circle'))
      return join(root, 'circle')
    },
    'symbolic link to itself',
  ],
])('%s is missing', async ([, place, problem]) => {
  await using folders = await makeFolders()
  const path = await place(folders)
  await expect(snapshot(path, [folders.root])).rejects.toMatchObject({
    code: 'ATTACHMENT_MISSING',
    path,
    message: expect.stringContaining(problem),
  })
})

test('a device is never opened', async () => {
  await expect(snapshot('/dev/zero', ['/dev'])).rejects.toMatchObject({
    code: 'ATTACHMENT_MISSING',
  })
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read is missing', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'a.txt')
  await writeFile(path, 'x', { mode: 0 })
  await expect(snapshot(path, [folders.root])).rejects.toMatchObject({
    code: 'ATTACHMENT_MISSING',
    message: expect.stringContaining('may not be read'),
  })
})

test('a file is refused by its size before it is read', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'huge.bin')
  await writeFile(path, '')
  await truncate(path, 2 ** 40)
  await expect(snapshot(path, [folders.root])).rejects.toMatchObject({
    code: 'ATTACHMENT_TOO_LARGE',
    size: 2 ** 40,
    limit: 1000,
  })
})

test('the limit is for all files of a message together', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'a.bin')
  await writeFile(path, Buffer.alloc(600))
  const mail = mailWith([{ path }, { path }])
  await expect(snapshotAll(mail, { roots: [folders.root], maxBytes: 1000 })).rejects.toMatchObject({
    code: 'ATTACHMENT_TOO_LARGE',
    size: 600,
    limit: 400,
  })
})

test('a file that somebody keeps writing to is refused', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'growing.log')
  await writeFile(path, 'x')
  // One more byte in each turn of the event loop; looking, reading and looking again take several.
  let isGrowing = true
  const grow = (): void => {
    appendFileSync(path, 'x')
    if (isGrowing) setImmediate(grow)
  }
  grow()
  try {
    await expect(
      snapshotAll(mailWith([{ path }]), { roots: [folders.root], maxBytes: 2 ** 20 }),
    ).rejects.toMatchObject({ code: 'ATTACHMENT_CHANGED', path })
  } finally {
    isGrowing = false
  }
})

test('reading stops when it is told to', async () => {
  await using folders = await makeFolders()
  const path = join(folders.root, 'a.txt')
  await writeFile(path, 'x')
  const signal = AbortSignal.abort()
  await expect(
    snapshotAll(mailWith([{ path }]), { roots: [folders.root], maxBytes: 1000, signal }),
  ).rejects.toMatchObject({ name: 'AbortError' })
})

interface Folders extends AsyncDisposable {
  readonly root: string
  readonly outside: string
}

async function makeFolders(): Promise<Folders> {
  const base = await mkdtemp(join(tmpdir(), 'mailroom-attachments-'))
  const root = join(base, 'root')
  const outside = join(base, 'outside')
  await mkdir(root)
  await mkdir(outside)
  await writeFile(join(outside, 'secret.txt'), 'secret')
  return {
    root,
    outside,
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  }
}

function snapshot(path: string, roots: readonly string[]): Promise<SendMail> {
  return snapshotAll(mailWith([{ path }]), { roots, maxBytes: 1000 })
}

function mailWith(attachments: Attachments): SendMail {
  return {
    connection: 'relay',
    message: { from: 'ann@example.com', to: 'bob@example.com', attachments },
  }
}

/** The message with all of its files in it, as small ones are. */
async function snapshotAll(
  input: SendMail,
  options: Omit<Parameters<typeof snapshotFiles>[1], 'inlineBytes'>,
): Promise<SendMail> {
  return (await snapshotFiles(input, { ...options, inlineBytes: Infinity })).input
}
