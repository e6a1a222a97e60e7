/**
 * The form of windows that a name stands for: the stored plan names it, for those who read a store from outside.
 */
import { CalendarWindows } from './calendar-windows.ts'
import { sessionForm, SizedForm, type WindowForm } from './window-form.ts'

/** @throws RangeError for a name that no form has */
export function formNamed(name: string): WindowForm {
  const form =
    name === sessionForm.name ? sessionForm : /^\d+$/.test(name) ? new SizedForm(Number(name)) : calendar(name)
  if (form?.name === name) return form
  throw new RangeError(`there are no windows of the form "${name}"`)
}

function calendar(name: string): WindowForm | undefined {
  const [, unit, weekStart, at, timeZone = ''] =
    /^(day|month|week)(?: from (\w+))?(?: at (\d+))? (\S+)$/.exec(name) ?? []
  if (unit === undefined) return undefined
  const dayStart = at === undefined ? undefined : Number(at)
  return CalendarWindows.of({ unit, timeZone, weekStart, dayStart } as CalendarOptions).form
}

/** What the name was made of; `of` checks it. */
type CalendarOptions = Parameters<typeof CalendarWindows.of>[0]
