// graphql-yoga with pg and dataloader; RESPONSE_CACHE=1 puts its response cache in front, which forgets a conversation
// when Postgres tells that it has grown.
import { createServer } from "node:http";
import { useResponseCache, createInMemoryCache } from "@graphql-yoga/plugin-response-cache";
import { createSchema, createYoga } from "graphql-yoga";
import pg from "pg";
import { loaders } from "./loaders.mjs";
import { resolvers, typeDefs } from "./schema.mjs";

const connectionString = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString, max: Number(process.env.POOL) });
const plugins = [];

if (process.env.RESPONSE_CACHE) {
  const cache = createInMemoryCache();
  const ears = new pg.Client({ connectionString });
  await ears.connect();
  ears.on("notification", ({ payload }) => void cache.invalidate([{ typename: "Conversation", id: payload }]));
  await ears.query("listen voxloom_events");
  plugins.push(useResponseCache({ session: () => null, cache }));
}

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: () => ({ load: loaders(pool) }),
  graphiql: false,
  logging: "error",
  plugins,
});
createServer(yoga).listen(Number(process.env.PORT), "127.0.0.1");
