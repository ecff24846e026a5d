import type { ComponentChildren } from 'preact';
import { classes } from './classes';

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, in figures of one width. */
  isNumber?: boolean;
  /** Left out where the window is narrow. */
  isMinor?: boolean;
}

export interface TableProps<Row> {
  /** What the table holds, for screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}

/** Rows and columns; the first column heads each row. */
export function Table<Row>({ caption, columns, rows, keyOf }: TableProps<Row>) {
  const style = (column: Column<Row>) => classes(column.isNumber && 'number', column.isMinor && 'minor');
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.heading} scope="col" class={style(column)}>
                {column.heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.heading} scope="row" class={style(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.heading} class={style(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
