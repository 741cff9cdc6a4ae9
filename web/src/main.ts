import { mount } from 'svelte';
import App from './App.svelte';
import { parsePageData } from './data/page_data';
import './page.css';

const target = document.getElementById('app');
const slot = document.getElementById('pellucid-data');
if (target) {
  try {
    const data = parsePageData(slot?.textContent ?? 'null');
    mount(App, { target, props: { data } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    target.textContent = `This page cannot be shown: ${reason}.`;
  }
}
