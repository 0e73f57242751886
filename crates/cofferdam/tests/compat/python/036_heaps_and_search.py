# heapq, bisect, graph search as models write it.
import bisect
import heapq

heap = [5, 1, 4]
heapq.heapify(heap)
heapq.heappush(heap, 2)
print([heapq.heappop(heap) for _ in range(4)], heapq.nlargest(2, [3, 9, 7]), heapq.nsmallest(2, ["ccc", "a", "bb"], key=len))
print(list(heapq.merge([1, 4], [2, 3])), heapq.heappushpop([2, 3], 1), heapq.heapreplace([2, 3], 9))
grades = [60, 70, 80, 90]
print(["FDCBA"[bisect.bisect(grades, s)] for s in (33, 60, 77, 90, 100)], bisect.bisect_left(grades, 70))
bisect.insort(grades, 75)
print(grades, bisect.bisect([("a", 1), ("b", 5)], 4, key=lambda x: x[1]))
graph = {"a": {"b": 7, "c": 3}, "b": {"d": 2}, "c": {"b": 1, "d": 8}, "d": {}}


def dijkstra(start):
    distance, queue = {start: 0}, [(0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if so_far > distance[node]:
            continue
        for other, weight in graph[node].items():
            if (new := so_far + weight) < distance.get(other, float("inf")):
                distance[other] = new
                heapq.heappush(queue, (new, other))
    return distance


print(dijkstra("a"))
