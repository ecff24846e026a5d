// graphql-yoga's subscriptions over graphql-ws on ws, put together as its documentation says.
import { createServer } from "node:http";
import { useServer } from "graphql-ws/use/ws";
import { createSchema, createYoga } from "graphql-yoga";
import pg from "pg";
import { WebSocketServer } from "ws";
import { Feed } from "./feed.mjs";

const connectionString = process.env.DATABASE_URL;
const feed = new Feed(new pg.Pool({ connectionString, max: Number(process.env.POOL) }));
await feed.listen(connectionString);

const typeDefs = /* GraphQL */ `
  scalar DateTime

  type Query {
    ready: Boolean!
  }
  type Subscription {
    sessionEvents(sessionId: ID!, afterSeq: Int! = 0): Event!
  }
  interface Event {
    seq: Int!
    sessionId: ID!
    turnId: ID
    at: DateTime!
  }
  type ReplyDelta implements Event {
    seq: Int!
    sessionId: ID!
    turnId: ID
    at: DateTime!
    text: String!
  }
  type StageStarted implements Event {
    seq: Int!
    sessionId: ID!
    turnId: ID
    at: DateTime!
    stage: String!
    engine: String!
    model: String!
  }
  type TurnCompleted implements Event {
    seq: Int!
    sessionId: ID!
    turnId: ID
    at: DateTime!
  }
`;

const ofData = (...names) => Object.fromEntries(names.map((name) => [name, (event) => event.data[name]]));

const resolvers = {
  Query: { ready: () => true },
  Subscription: {
    sessionEvents: { subscribe: (_, { sessionId, afterSeq }) => feed.follow(sessionId, afterSeq) },
  },
  Event: { __resolveType: (event) => event.type },
  ReplyDelta: ofData("text"),
  StageStarted: ofData("stage", "engine", "model"),
};

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), graphiql: false, logging: "error" });
const server = createServer(yoga);
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    async onSubscribe(context, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length ? errors : args;
    },
  },
  new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
);
server.listen(Number(process.env.PORT), "127.0.0.1");
