/** Keeps the address behind "#", and the theme, as the view has them. */
import type { View } from './view.svelte';

/** Not at every move of the pointer: browsers limit such changes. */
const DELAY = 300; // ms

function replaceFragment(fragment: string): void {
  const address = fragment === '' ? location.pathname : `#${fragment}`;
  try {
    history.replaceState(null, '', address);
  } catch {
    // A frame without an address of its own has none to keep.
  }
}

/** To be called while a component is made; lasts as long as that. */
export function keepFragment(view: View): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  $effect(() => {
    const fragment = view.fragment();
    clearTimeout(timer);
    timer = setTimeout(() => replaceFragment(fragment), DELAY);
  });
  $effect(() => {
    const root = document.documentElement;
    if (view.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = view.theme;
  });
}
