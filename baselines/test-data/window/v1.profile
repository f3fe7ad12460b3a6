{
  "version" : "1",
  "software" : "driftline 0",
  "start" : 1763712000,
  "end" : 1763715600,
  "n_rows" : 12,
  "columns" : [ {
    "name" : "exact",
    "inferred_type" : "Fractional",
    "counts" : {
      "missing" : 0,
      "integral" : 0,
      "fractional" : 12,
      "boolean" : 0,
      "text" : 0,
      "nan" : 0,
      "positive_infinity" : 0,
      "negative_infinity" : 0,
      "absent" : 0
    },
    "numeric" : {
      "n" : 12,
      "sum" : 16.5,
      "mean" : 1.375,
      "std_dev" : 0.8630131323836657,
      "min" : 0.0,
      "max" : 2.75,
      "distinct" : 12,
      "distinct_is_exact" : true,
      "values" : [ 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75 ],
      "weights" : [ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 ]
    }
  }, {
    "name" : "on_grid",
    "inferred_type" : "Fractional",
    "counts" : {
      "missing" : 0,
      "integral" : 0,
      "fractional" : 12,
      "boolean" : 0,
      "text" : 0,
      "nan" : 0,
      "positive_infinity" : 0,
      "negative_infinity" : 0,
      "absent" : 0
    },
    "numeric" : {
      "n" : 12,
      "sum" : 16.5,
      "mean" : 1.375,
      "std_dev" : 0.8630131323836657,
      "min" : 0.0,
      "max" : 2.75,
      "distinct" : 12,
      "distinct_is_exact" : true,
      "values" : [ 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 2.625 ],
      "weights" : [ 2, 1, 3, 1, 3, 1, 1 ],
      "extents" : [ [ -5.0E-324, 0.5 ], [ 0.5, 0.5 ], [ 0.5, 1.5 ], [ 1.5, 1.5 ], [ 1.5, 2.5 ], [ 2.5, 2.5 ], [ 2.5, 2.7500000000000004 ] ]
    }
  }, {
    "name" : "text",
    "inferred_type" : "String",
    "counts" : {
      "missing" : 0,
      "integral" : 0,
      "fractional" : 0,
      "boolean" : 0,
      "text" : 12,
      "nan" : 0,
      "positive_infinity" : 0,
      "negative_infinity" : 0,
      "absent" : 0
    },
    "categorical" : {
      "n" : 12,
      "distinct" : 4,
      "distinct_is_exact" : true,
      "counts" : [ [ "a", 7 ], [ "b", 3 ], [ "d", 1 ] ],
      "n_other" : 1,
      "complete" : false
    }
  } ]
}
