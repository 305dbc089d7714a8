#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	unlink("x.db");
	int open = sqlite3_open("x.db", &db);
	int made = sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'one'), (2, 'two')", 0, 0, 0);
	sqlite3_prepare_v2(db, "SELECT sum(a), group_concat(b), printf('%.2f', 2.5), date(0, 'unixepoch') FROM t", -1, &statement, 0);
	int row = sqlite3_step(statement);
	printf("%d %d %d %d %s %s %s\n", open, made, row == SQLITE_ROW, sqlite3_column_int(statement, 0), sqlite3_column_text(statement, 1), sqlite3_column_text(statement, 2), sqlite3_column_text(statement, 3));
	return 0;
}
