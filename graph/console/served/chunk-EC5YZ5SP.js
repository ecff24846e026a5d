import{m as i}from"./chunk-4ZOVZXCB.js";var o=i(!1);export{o as a};
