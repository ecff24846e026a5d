// What a Relay application declares: relay-compiler makes of it the operations that test_relay.py sends.
import { graphql } from "relay-runtime";

graphql`query relay_session_ListQuery($count: Int!, $cursor: String) {
  ...relay_session_list @arguments(count: $count, cursor: $cursor)
}`;

graphql`fragment relay_session_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "relay_session_ListPaginationQuery") {
  sessions(first: $count, after: $cursor) @connection(key: "relay_session_sessions") {
    totalCount
    edges { node { id ...relay_session_card } }
  }
}`;

graphql`fragment relay_session_card on Session
  @argumentDefinitions(last: { type: "Int", defaultValue: 10 })
  @refetchable(queryName: "relay_session_CardRefetchQuery") {
  customerId
  lastSeq
  messages(last: $last) { id text audio { url } turn { id timing { totalMs } error { code } } }
}`;

graphql`fragment relay_session_turn on Turn @refetchable(queryName: "relay_session_TurnRefetchQuery") {
  status
  reply { text }
}`;

graphql`subscription relay_session_EventsSubscription($id: ID!) {
  sessionEvents(sessionId: $id) { __typename seq ... on TurnCompleted { turn { id status ...relay_session_turn } } }
}`;
