/** The text of an operation, with the types of its data and variables (graphql-codegen writes them). */
export type Document<Data, Variables> = string & { readonly __data?: Data; readonly __variables?: Variables };
