import type { StepPreview } from './step-preview.js';
import { wireBlocker } from './wire-rotation.js';

/** A look at a step as the API answers it. */
export const toWirePreview = ({ effect, breaks, breakCount, hash }: StepPreview) => ({
  Effect: effect,
  Breaks: breaks.map(wireBlocker),
  BreakCount: breakCount,
  PlanHash: hash,
});
