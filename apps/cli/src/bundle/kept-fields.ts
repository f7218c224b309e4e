/*
 * What a bundle holds of answers and log records, by the name of the field, without regard to case. Whatever is not named
 * here is left out: a field that somebody adds tomorrow is not in a bundle until somebody writes it down here.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().split(/\s+/).filter(Boolean));

/** Fields whose text is a public name or number: kept as it is. UUIDs in them are names. */
export const NAMES = words(`
  ID AccessorID NodeID NodeKey CheckID ServiceID RootID ActiveRootID SigningRootID StagedRootID PreviousRootID LeavingRootID KeyID SubjectKeyID
  AuthorityKeyID SigningKeyID IssuerKeyID PlanHash Hash PrevHash HeldHash KeySHA256 Fingerprint FingerprintSHA1
  KeyFingerprint TaintedRoots Serial SerialNumber Epoch Lacks
  Datacenter Datacenters PrimaryDatacenter SourceDatacenter TrustDomain Node Nodes NodeName Server Leader Service
  ServiceName SourceName DestinationName DestinationServiceName Peer Name URI URIs DNSNames IPAddresses Subject Issuer
  Address WANAddresses WANAddress LANAddress HTTPAddress URL Origin
  Role Kind Type Provider KeyType PrivateKeyType SignatureAlgorithm KeyUsage ExtendedKeyUsage State Status Phase Health
  Code Action Result Method Topic Stream Version Versions Leases Event From To Possible Reasons Direction Scopes Grade
  Area Architecture Platform SourceType SourceNS DestinationNS ExternalTrustDomain RemoteAddress Path TokenName
  PrivateKeyBits ServerPrevHash
  level time msg accessorId target destination source server node datacenter lease stream kind direction service peer
  agent proxy rotation root serial generation sink package forDatacenter upstream check watch index process http lan wan wanAddress dataDir outcome phase rotation
`);

/** Fields with sentences of banyan's own making: kept after a {@link Scrubber} went over them. */
export const SENTENCES = words(`
  Reason Detail Effect Message LastErrorMessage Text Next Failure
  reason why error message detail note warning
`);

/** Fields with certificates in PEM. */
export const CERTIFICATES = words(`PEM RootCert IntermediateCerts CrossSignedPEM`);

/** Parts with members that are called by names of their own: by root, by phase, by version. */
export const MAPS = words(`Versions Leaves LedgerLeaves Horizons StartedAt Gates Trusting`);

/** Fields whose members are looked at in turn; the text inside any other object or list is left out. */
export const PARTS = words(`
  Datacenters Servers Agents Link Canary Intermediate Roots Streams Alarms Held Quarantine
  Secondaries Replication Adoption Token Series Samples Rotations Plan Totals Policy Blockers Waivers Journal
  Shadow Failures Laggards Signing Bundle DeniedKeys LeavingKeys LeavingKey Scope Order Report Checks
  Service Node Role Leases Break Checkpoint Head Entries dependencies Findings Config Member Proxy
  reason cause error fields
`);
