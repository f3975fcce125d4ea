-- The statement of task_items.c: the items of task ?1.
-- name: figure_task_items
SELECT item, length, distance, depth FROM task_item WHERE task_id = ?1 ORDER BY item;
