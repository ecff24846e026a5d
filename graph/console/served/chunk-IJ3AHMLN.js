import{m as i}from"./chunk-ZVECV5NJ.js";var o=i(!1);export{o as a};
