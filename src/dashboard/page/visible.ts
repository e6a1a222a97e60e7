/**
 * Whether anyone can see the page. A browser has few connections for all tabs of one site: a tab that is hidden gives
 * its own back, and costs the server nothing.
 */
import { useLayoutEffect, useState } from 'preact/hooks'

export function useVisible(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden)
  // At once: what changes before anyone listens would be missed.
  useLayoutEffect(() => {
    const follow = (): void => setVisible(!document.hidden)
    document.addEventListener('visibilitychange', follow)
    return () => document.removeEventListener('visibilitychange', follow)
  }, [])
  return isVisible
}
