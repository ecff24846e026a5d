import{m as i}from"./chunk-UFFXJ6JZ.js";var o=i(!1);export{o as a};
