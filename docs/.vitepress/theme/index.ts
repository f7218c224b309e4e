import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import Diagrams from './diagrams.vue';

/** VitePress' own theme, with the diagrams of the pages drawn in the browser. */
export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'doc-before': () => h(Diagrams) }),
};
