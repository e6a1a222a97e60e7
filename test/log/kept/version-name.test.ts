// The names under which versions are kept never take one thing for another, whatever users call their topics and applications.
import { expect, test } from 'vitest'
import fc from 'fast-check'
import {
  applicationOf,
  besideName,
  besideTopic,
  checkKeptName,
  isHiddenTopic,
  isRedriveTopic,
  isTopicOf,
  redrivenTopic,
  redriveTopic,
  topicBeside,
  type VersionId,
} from '../../../src/log/kept/version-name.ts'

const name = fc.constantFrom('a', 'b', 'a.b', 'b.c', 'a.b.c', 'a-b', '..a', 'v1', 'x'.repeat(249))
const version = fc.record({ applicationId: name, version: name })
const isSame = (one: VersionId, other: VersionId): boolean =>
  one.applicationId === other.applicationId && one.version === other.version

test('a topic beside belongs to one version and stands for one topic', () => {
  fc.assert(
    fc.property(name, version, version, (topic, one, other) => {
      const hidden = besideTopic(topic, one)
      expect(isHiddenTopic(hidden)).toBe(true)
      expect(checkKeptName('a topic', hidden)).toBe(hidden)
      expect(topicBeside(hidden, other)).toBe(isSame(one, other) ? topic : undefined)
      expect(isTopicOf(hidden, other)).toBe(isSame(one, other))
      expect(isRedriveTopic(hidden, other.applicationId)).toBe(false)
    }),
  )
})

test('a topic of letters that are sent again belongs to one application, and to no version', () => {
  fc.assert(
    fc.property(name, version, version, (topic, one, other) => {
      const hidden = redriveTopic(topic, besideName(one))
      expect(checkKeptName('a topic', hidden)).toBe(hidden)
      expect(redrivenTopic(hidden)).toBe(topic)
      expect(isRedriveTopic(hidden, other.applicationId)).toBe(one.applicationId === other.applicationId)
      expect(topicBeside(hidden, other)).toBeUndefined()
    }),
  )
})

test('a kept name says whose version it is', () => {
  fc.assert(
    fc.property(version, (id) => {
      expect(applicationOf(besideName(id))).toBe(id.applicationId)
      expect(applicationOf(id.applicationId)).toBe(id.applicationId)
      expect(checkKeptName('a name', besideName(id))).toBe(besideName(id))
    }),
  )
})
