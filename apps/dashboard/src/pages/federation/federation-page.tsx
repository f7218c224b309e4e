import { PageHead } from '../../parts/section.js';

export const FederationPage = () => <PageHead title="Federation" />;
