/** What stands before all of the server's paths, such as `/voice`, where a proxy serves it below a path; else nothing. */
export const PREFIX: string = document.getElementById('console')?.dataset['prefix'] ?? '';
