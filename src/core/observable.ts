/**
 * RxJS, handed in from above: it takes as long to load as the log, and a program that only looks into one does without.
 */
import type { Observable } from 'rxjs'
import { present } from './assert.ts'

let observable: typeof Observable | undefined

export function bindObservable(given: typeof Observable): void {
  observable = given
}

export function boundObservable(): typeof Observable {
  return present(observable, 'the package binds Observable when it is loaded')
}
