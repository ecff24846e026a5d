// Apollo Client: subscriptions over Apollo's multipart protocol, files by apollo-upload-client, everything else by POST.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";

import { converse, headers, url } from "./conversation.mjs";
import { values } from "./values.mjs";

const isUpload = ({ variables }) => variables.input?.content?.upload instanceof File;
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(isUpload, new UploadHttpLink({ uri: url, headers }), new HttpLink({ uri: url, headers })),
});

async function send(text, variables) {
  const document = gql(text);
  const operation = text.startsWith("query")
    ? client.query({ query: document, variables, fetchPolicy: "network-only" })
    : client.mutate({ mutation: document, variables });
  return (await operation).data;
}

await converse("apollo", {
  run: send,
  upload: send,
  follow: (text, variables) =>
    values((next, fail, complete) =>
      client.subscribe({ query: gql(text), variables }).subscribe({
        next: ({ data, error }) => (error ? fail(error) : next(data)),
        error: fail,
        complete,
      }),
    ),
  close: () => client.stop(),
});
