// VoxLoom's types, as far as they are measured, under the same names.
export const typeDefs = /* GraphQL */ `
  scalar DateTime
  scalar JSON

  type Query {
    conversation(sessionId: ID!): Conversation!
  }
  type Conversation {
    id: ID!
    session: Session!
    lastSeq: Int!
    messages: [Message!]!
    turns: [Turn!]!
    crmRecords: [CrmRecord!]!
  }
  type Session {
    id: ID!
    customerId: String!
    language: String!
    channel: String!
    persona: String!
    status: String!
    metadata: JSON
    createdAt: DateTime!
  }
  type Turn {
    id: ID!
    number: Int!
    status: String!
    attempt: Int!
    queuedAt: DateTime!
    finishedAt: DateTime
    userMessage: Message!
    reply: Message
    modelCalls: [ModelCall!]!
    toolCalls: [ToolCall!]!
  }
  type Message {
    id: ID!
    role: String!
    type: String!
    text: String
    language: String
    complete: Boolean!
    createdAt: DateTime!
    audio: Audio
    modelCalls: [ModelCall!]!
    toolCalls: [ToolCall!]!
  }
  type Audio {
    mimeType: String!
    durationMs: Int!
    sampleRate: Int!
    sizeBytes: Int!
  }
  type ModelCall {
    id: ID!
    stage: String!
    engine: String!
    model: String!
    status: String!
    attempt: Int!
    startedAt: DateTime!
    waitMs: Float!
    durationMs: Float!
    firstOutputMs: Float
    inputTokens: Int
    outputTokens: Int
    inputAudioMs: Int
    outputAudioMs: Int
  }
  type ToolCall {
    id: ID!
    name: String!
    server: String!
    arguments: JSON!
    result: JSON
    status: String!
    durationMs: Float
    createdAt: DateTime!
  }
  type CrmRecord {
    id: ID!
    scenario: String!
    reference: String!
    customerId: String!
    name: String
    phone: String
    accountId: String
    query: String!
    intent: String!
    priority: String!
    status: String!
    details: JSON!
    createdAt: DateTime!
  }
`;

const byTurn = (name) => (turn, _, { load }) => load[name].load(turn.id);

async function messageOf(turn, role, load) {
  return (await load.messagesOfTurn.load(turn.id)).find((message) => message.role === role) ?? null;
}

export const resolvers = {
  Query: {
    async conversation(_, { sessionId }, { load }) {
      const session = await load.session.load(sessionId);
      if (!session) throw new Error("No such session.");
      return session;
    },
  },
  Conversation: {
    session: (session) => session,
    messages: (session, _, { load }) => load.messagesOfSession.load(session.id),
    turns: (session, _, { load }) => load.turnsOfSession.load(session.id),
    crmRecords: (session, _, { load }) => load.crmRecordsOfSession.load(session.id),
  },
  Turn: {
    userMessage: (turn, _, { load }) => messageOf(turn, "USER", load),
    reply: (turn, _, { load }) => messageOf(turn, "ASSISTANT", load),
    modelCalls: byTurn("modelCallsOfTurn"),
    toolCalls: byTurn("toolCallsOfTurn"),
  },
  Message: {
    audio: (message, _, { load }) => (message.audioId === null ? null : load.audio.load(message.audioId)),
    async modelCalls(message, _, { load }) {
      const calls = await load.modelCallsOfTurn.load(message.turnId);
      return calls.filter((call) => (call.stage === "ASR") === (message.role === "USER"));
    },
    toolCalls: (message, _, { load }) => (message.role === "USER" ? [] : load.toolCallsOfTurn.load(message.turnId)),
  },
};
