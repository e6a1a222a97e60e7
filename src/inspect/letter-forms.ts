/**
 * How the records of dead letters are written: by the serdes that the topic names which they were read from.
 */
import type { DeadLetter } from '../log/admin/letters-face.ts'
import type { Log } from '../log/face.ts'
import { type Form, formOf } from './record-form.ts'

/** Of the key and the value of a record. */
export interface LetterForms {
  readonly key: Form
  readonly value: Form
}

/** The forms for any letter, as the topics are now. */
export async function letterForms({ admin }: Log): Promise<(letter: Pick<DeadLetter, 'source'>) => LetterForms> {
  const topics = await admin.listTopics({ hidden: true })
  const serdes = new Map(topics.map((topic) => [topic.name, topic.serdes]))
  return ({ source }) => {
    const named = serdes.get(source?.topic ?? '')
    return { key: formOf(named?.key), value: formOf(named?.value) }
  }
}
