// A log with its layers, for checks while others write.
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Log } from '../../src/log/face.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { type Partitions, readTopics } from './contents.ts'

export class OpenedLog {
  readonly environment: Environment
  readonly embedded: EmbeddedLog
  readonly log: Log

  constructor(dir: string) {
    this.environment = Environment.openNow(dir)
    this.embedded = new EmbeddedLog(this.environment)
    this.log = new DirectoryLog(this.embedded)
  }

  /**
   * Makes everything visible that processes which were killed have left. One that dies inside of a commit may have it on disk
   * and not yet published: whoever has the log open sees it only when somebody commits or opens the log (docs/faults.md).
   */
  settle(): void {
    this.environment.write(() => undefined)
  }

  /** The records of topics that exist, all as of one moment: what is appended while they are read is left out. */
  async readAtOnce(topics: readonly { readonly name: string }[]): Promise<Map<string, Partitions>> {
    const known = (await this.log.admin.listTopics()).filter(({ name }) => topics.some((topic) => topic.name === name))
    this.embedded.refresh()
    const ends = known.map(({ name, id, partitions }) =>
      Array.from({ length: partitions }, (_, partition) =>
        this.embedded.endOffset({ topic: name, topicId: id, partition }),
      ),
    )
    const read = await readTopics(this.log, known)
    return new Map(
      known.map(({ name }, index) => [
        name,
        (read.get(name) ?? []).map((records, partition) => records.slice(0, ends[index]?.[partition])),
      ]),
    )
  }

  /** Everything that verification finds. */
  async problems(): Promise<string[]> {
    const { problems } = await this.log.admin.verify({ deep: true })
    return problems.map(({ kind, message }) => `verify: ${kind}: ${message}`)
  }
}
