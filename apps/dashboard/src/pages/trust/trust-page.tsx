import { PageHead } from '../../parts/section.js';

export const TrustPage = () => <PageHead title="Trust" />;
