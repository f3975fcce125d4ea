-- The statement of items.c: the items of task ?1.
-- name: figure_items
SELECT item, length, distance, depth FROM task_item WHERE task_id = ?1 ORDER BY item;
