/**
 * Hands RxJS to the log, whose consumers are Observables too: a program that imports the package has it anyway.
 */
import { Observable } from 'rxjs'
import { bindObservable } from '../core/observable.ts'

bindObservable(Observable)
