import { PageHead } from '../../parts/section.js';

export const RotationPage = () => <PageHead title="Rotation" />;
