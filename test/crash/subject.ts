// What a kill loop may be about: each subject kills processes of its own and knows what must hold after that.
import type { Crew } from './children.ts'
import type { Random } from './random.ts'
import type { Tally } from './tally.ts'

export interface Subject {
  readonly name: string
  /** One episode: begins in an empty directory, takes some kills from the tally, and ends all its processes. */
  readonly run: (episode: EpisodeContext) => Promise<void>
}

export interface EpisodeContext {
  /** Of this episode alone; it is kept if there is a violation. */
  readonly dir: string
  readonly random: Random
  readonly crew: Crew
  readonly tally: Tally
  /** Says what should not be so. The loop of the subject ends with this episode. */
  readonly report: (violation: string) => void
}
